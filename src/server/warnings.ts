/** Characters of all warnings of an answer from which they are cut, and to which each is cut then. */
const maximumTotal = 4096
const maximumEach = 256

/**
 * The texts as `Warning` headers, as RFC 7234 has them: each text once, without control characters, and not more than
 * fits into a header. In the form Node takes headers: one character a byte.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)].filter(text => text !== '')
  const tooMuch = distinct.reduce((sum, text) => sum + text.length, 0) > maximumTotal
  const headers: string[] = []
  let total = 0
  for (const text of distinct) {
    const shown = tooMuch ? [...text].slice(0, maximumEach).join('') : text
    total += shown.length
    if (total > maximumTotal) break
    headers.push(`299 - "${Buffer.from(quoted(shown)).toString('latin1')}"`)
  }
  return headers
}

const quoted = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').replace(/[\\"]/g, '\\$&')
