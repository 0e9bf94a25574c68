/** Shared by all requests without a query: nobody may change a request's query. */
const noQuery = new URLSearchParams()

/** Splits a request target into its path and query. */
export function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  // Clients of a proxy write the whole URL.
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  return mark < 0
    ? { path: local || '/', query: noQuery }
    : { path: local.slice(0, mark) || '/', query: new URLSearchParams(local.slice(mark + 1)) }
}
