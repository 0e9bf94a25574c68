/** The words of a label selector's text. */

export type TokenKind = 'identifier' | 'end' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ','

export interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const word = /[^ \t\r\n=!(),><]+/y
const symbol = /==|!=|[=!(),><]/y

/** Splits a selector into words; blanks (space, tab, line ends) separate them. The last token is always `end`. */
export function lexSelector(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    word.lastIndex = at
    symbol.lastIndex = at
    const symbolText = symbol.exec(text)?.[0]
    if (symbolText) {
      tokens.push({ kind: symbolText as TokenKind, text: symbolText })
      at += symbolText.length
      continue
    }
    const wordText = word.exec(text)?.[0]
    if (wordText) {
      const kind = wordText === 'in' || wordText === 'notin' ? wordText : 'identifier'
      tokens.push({ kind, text: wordText })
      at += wordText.length
    } else at++
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}
