import { type ApplyType, fieldType } from './apply-type.js'

/** The paths of the lists, maps and structs in a configuration that can only be replaced as a whole. */
export function atomicParts(value: unknown, type: ApplyType, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  switch (type.kind) {
    case 'atomic':
      return [path, ...atomicParts(value, type.inner, path)]
    case 'ignored':
      return atomicParts(value, type.inner, path)
    case 'struct':
      return Object.entries(value).flatMap(([name, field]) => {
        const child = fieldType(type, name)
        return child ? atomicParts(field, child, `${path}.${name}`) : []
      })
    case 'keyed':
    case 'set':
    case 'list':
      return Array.isArray(value) ? value.flatMap((item, i) => atomicParts(item, type.item, `${path}[${i}]`)) : []
    case 'deduced':
      return Array.isArray(value) ? [path] : []
    default:
      return []
  }
}
