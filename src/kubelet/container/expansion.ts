/**
 * Replaces `$(NAME)` by what `lookup` knows; unknown references stay as they are, and `$$` stands for one `$`, so
 * `$$(NAME)` is never replaced
 * (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
 */
export const expand = (text: string, lookup: (name: string) => string | undefined): string =>
  text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (lookup(name) ?? whole),
  )
