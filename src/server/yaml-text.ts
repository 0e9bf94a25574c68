import { Document, isScalar, visit } from 'yaml'

/** Texts that YAML 1.1 would read as something else: they are quoted so that everybody reads them as texts. */
const ambiguous = new RegExp(
  `^(?:${[
    '|~|<<|=|null|y|yes|n|no|on|off|true|false',
    '[-+]?\\.?(?:inf|nan)',
    // Decimal numbers, which may be grouped by underscores; those of other bases; of base sixty; dates.
    '[-+]?_*(?:\\.\\d[\\d_]*|\\d[\\d_]*(?:\\.[\\d_]*)?)(?:e[-+]?\\d[\\d_]*)?',
    '[-+]?0[xob][\\da-f_]+',
    '[-+]?\\d[\\d_]*(?::[0-5]?\\d)+(?:\\.[\\d_]*)?',
    '\\d{4}-\\d\\d?-\\d\\d?.*',
  ].join('|')})$`,
  'i',
)

/** A JSON value as YAML, written as upstream writes it: keys sorted, list items not indented. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false, sortMapEntries: true })
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string' && ambiguous.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ indentSeq: false, singleQuote: true, blockQuote: 'literal' })
}
