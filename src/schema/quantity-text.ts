/** Text that is no quantity; the message is upstream's. */
export class QuantityTextError extends Error {
  override readonly name = 'QuantityTextError'
}

const form = /^[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*$/
const quantity = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/
const numeric = /^[+-]?(?:\d+\.?\d*|\.\d+)(?![.\d])/

/** Throws `QuantityTextError` unless `text` is a resource quantity such as `100m`, `1.5Gi` or `1e3`. */
export function checkQuantity(text: string): void {
  if (quantity.test(text)) return
  if (!form.test(text))
    throw new QuantityTextError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  throw new QuantityTextError(
    numeric.test(text) ? "unable to parse quantity's suffix" : 'unable to parse numeric part of quantity',
  )
}
