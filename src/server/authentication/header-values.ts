import type { ApiRequest } from '../../machinery/http.js'

/** All values of a header, in the order they came; `name` is in lower case. */
export function headerValues({ headers, rawHeaders }: ApiRequest, name: string): readonly string[] {
  const joined = headers[name]
  if (joined === undefined) return []
  if (!rawHeaders) return [joined]
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === name) values.push(utf8(rawHeaders[i + 1] ?? ''))
  return values
}

/** Headers are bytes, of which Node makes a character each; names of users are in UTF-8. */
const utf8 = (value: string): string =>
  /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, 'latin1').toString() : value

/** The values of all headers that begin with `prefix`, by what follows it, percent-decoded and in lower case. */
export function prefixedHeaders(request: ApiRequest, prefix: string): { readonly [key: string]: readonly string[] } {
  const found: Record<string, readonly string[]> = {}
  for (const name of Object.keys(request.headers))
    if (name.startsWith(prefix) && name.length > prefix.length)
      found[unescaped(name.slice(prefix.length))] = headerValues(request, name)
  return found
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
