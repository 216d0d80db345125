/**
 * An element that is there. The indices of a graph point into its own lists (tokens, stages, nodes,
 * edges), which the language cannot know.
 */
export const at = <T>(list: ArrayLike<T>, index: number): T => list[index] as T;
