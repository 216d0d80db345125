/** EvalPlus task ids, as far as the extension must know them. */

/** `HumanEval/65`, `Mbpp/2`. */
export const TASK_ID = /^(HumanEval|Mbpp)\/\d+$/;

const TASK_FOLDER = /\/(HumanEval|Mbpp)_\d+\/[^/]+\.py$/;

/** Whether a sample's path says which task it solves (`…/HumanEval_65/0.py`). */
export function namesTask(path: string): boolean {
  return TASK_FOLDER.test(path);
}
