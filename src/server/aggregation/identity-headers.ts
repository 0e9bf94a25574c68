import type { UserInfo } from '../../machinery/http.js'
import { serviceUnavailable } from '../../machinery/status-error.js'

export type IdentityHeaders = { readonly [name: string]: string | readonly string[] }

/** Who asks, in the headers of the front proxy. Throws a 503 for names that no header can hold. */
export const identityHeaders = ({ name, uid, groups, extra = {} }: UserInfo): IdentityHeaders => ({
  'x-remote-user': value(name),
  ...(uid ? { 'x-remote-uid': value(uid) } : {}),
  ...(groups.length > 0 ? { 'x-remote-group': groups.map(value) } : {}),
  ...Object.fromEntries(
    Object.entries(extra).map(([key, values]) => [`x-remote-extra-${escapedKey(key)}`, values.map(value)]),
  ),
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are looked for
const impossible = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** Headers are bytes, and these are those of UTF-8. */
function value(text: string): string {
  if (impossible.test(text))
    throw serviceUnavailable('error trying to reach service: net/http: invalid header field value')
  return Buffer.from(text).toString('latin1')
}

/** A key as a part of a header's name; what cannot stand there is percent-encoded. */
const escapedKey = (key: string): string =>
  [...Buffer.from(key)]
    .map(byte => {
      const char = String.fromCharCode(byte)
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
