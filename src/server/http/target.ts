/** Shared by all requests without a query: nobody may change a request's query. */
const noQuery = new URLSearchParams()

const unreadable = /;|%(?![0-9A-Fa-f]{2})/

/** Parameters that cannot be decoded are left out, as upstream does. */
const queryIn = (text: string): URLSearchParams =>
  new URLSearchParams(
    unreadable.test(text)
      ? text
          .split('&')
          .filter(part => !unreadable.test(part))
          .join('&')
      : text,
  )

/** Splits a request target into its path and query. */
export function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  // Clients of a proxy write the whole URL.
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  return mark < 0
    ? { path: local || '/', query: noQuery }
    : { path: local.slice(0, mark) || '/', query: queryIn(local.slice(mark + 1)) }
}
