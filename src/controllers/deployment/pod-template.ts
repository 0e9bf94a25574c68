import type { PodTemplateSpec } from '../../api/core/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'

/** The label that tells the pods of a deployment's replica sets apart. */
export const podTemplateHash = 'pod-template-hash'

/** Whether two templates make the same pods; the label that a replica set adds does not count. */
export const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  jsonEqual(withoutHash(a), withoutHash(b))

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { labels } = template.metadata ?? {}
  if (!labels || !(podTemplateHash in labels)) return template
  const { [podTemplateHash]: _, ...rest } = labels
  return { ...template, metadata: { ...template.metadata, labels: rest } }
}

/**
 * A short text for a template: the same for equal templates, fit for a label and a name. `collisions` counts how often
 * it turned out to be taken by another template.
 */
export function templateHash(template: PodTemplateSpec, collisions: number): string {
  const hash = fnv1a(canonical(template) + (collisions > 0 ? `\n${collisions}` : ''))
  return [...String(hash)].map(digit => alphabet[Number(digit)]).join('')
}

/** One letter for each digit: without vowels, so that no words come out. */
const alphabet = 'bcdfghjklm'

/** JSON with fields in order, those that are undefined left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`
}

/** FNV-1a, 32 bits, over UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}
