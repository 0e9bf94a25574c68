import type { PatchType } from '../../machinery/negotiation.js'
import { findDuplicateFields } from '../../schema/index.js'
import { parseJsonBody, parseYamlBody } from './body-text.js'

const operationFields = new Set(['op', 'path', 'from', 'value'])

/** The text of a patch. It is read only once it is known that there is something to patch. */
export class PatchText {
  #body: { readonly value: unknown } | undefined
  #duplicates: readonly string[] = []

  constructor(
    private readonly type: PatchType,
    private readonly text: string,
  ) {}

  /** Throws a 400 for a text that cannot be read. */
  get body(): unknown {
    this.#body ??= { value: this.#read() }
    return this.#body.value
  }

  /** Apply only: keys that stand twice in a map. */
  get duplicates(): readonly string[] {
    return this.body === undefined ? [] : this.#duplicates
  }

  /** What strict reading holds against the text: fields that stand twice, and fields that no operation has. */
  get faults(): readonly string[] {
    if (this.type === 'apply') return []
    const twice = findDuplicateFields(this.text)
    if (this.type !== 'json') return twice.map(path => `duplicate field ${JSON.stringify(path)}`)
    const unknown = Array.isArray(this.body)
      ? this.body.flatMap((operation, i) =>
          Object.keys(Object(operation))
            .filter(field => !operationFields.has(field))
            .map(field => `[${i}].${field}`),
        )
      : []
    return [
      ...twice.filter(path => /^\[\d+\]\.[^.[]+$/.test(path)).map(path => `duplicate field ${JSON.stringify(path)}`),
      ...unknown.map(path => `unknown field ${JSON.stringify(path)}`),
    ].map(fault => `json patch ${fault}`)
  }

  #read(): unknown {
    if (this.type === 'apply') {
      const { value, duplicates } = parseYamlBody(this.text)
      this.#duplicates = duplicates
      return value
    }
    return parseJsonBody(this.text, this.type === 'strategic' ? '' : 'error decoding patch: ')
  }
}
