/** Task ids, as far as the extension must know them. */

/** `HumanEval/65`, `Mbpp/2`. */
export const TASK_ID = /^(HumanEval|Mbpp)\/\d+$/;

const EXAMPLE = /^[ \t]+>>> /m;

const TASK_FOLDER = /\/(HumanEval|Mbpp)_\d+\/[^/]+\.py$/;

/** Whether a sample's path says which task it solves (`…/HumanEval_65/0.py`). */
export function namesTask(path: string): boolean {
  return TASK_FOLDER.test(path);
}

/** Whether a text seems to hold docstring examples, by which its functions can be judged. */
export function hasExamples(text: string): boolean {
  return EXAMPLE.test(text);
}
