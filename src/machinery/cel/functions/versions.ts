import { CelError, OpaqueValue } from '../values.js'
import { declare } from './declare.js'

class Semver extends OpaqueValue {
  readonly typeName = 'kubernetes.Semver'

  constructor(
    readonly numbers: readonly [bigint, bigint, bigint],
    readonly prerelease: readonly string[],
  ) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Semver && compare(this, other) === 0
  }
}

const number = '(0|[1-9]\\d*)'
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`)

function parse(text: string): Semver | undefined {
  const found = pattern.exec(text)
  if (!found) return undefined
  const [, major = '0', minor = '0', patch = '0', prerelease, build] = found
  const parts = prerelease?.split('.') ?? []
  if (parts.some(part => part === '' || /^0\d+$/.test(part)) || build?.split('.').includes('')) return undefined
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], parts)
}

/** `v1.2` is 1.2.0, `01.2.3` is 1.2.3. */
function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?([\d.]*)(.*)$/.exec(text) ?? []
  const parts = core.split('.').map(part => part.replace(/^0+(?=\d)/, ''))
  if (parts.length < 3 && rest === '') while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

const read = (text: string, normalize = false): Semver => {
  const version = parse(normalize ? normalized(text) : text)
  if (!version) throw new CelError(`invalid semantic version: ${JSON.stringify(text)}`)
  return version
}

/** A semantic version as expressions see it. Throws CelError. */
export const celSemver = (text: string): OpaqueValue => read(text)

function compare(a: Semver, b: Semver): number {
  for (const [i, own] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n
    if (own !== other) return own < other ? -1 : 1
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0)
  for (const [i, own] of a.prerelease.entries()) {
    const other = b.prerelease[i]
    if (other === undefined) return 1
    const order = comparePart(own, other)
    if (order !== 0) return order
  }
  return a.prerelease.length === b.prerelease.length ? 0 : -1
}

function comparePart(a: string, b: string): number {
  const [numberA, numberB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (numberA && numberB) return Math.sign(Number(BigInt(a) - BigInt(b)))
  if (numberA !== numberB) return numberA ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

export const versionFunctions = declare({
  'semver(string): kubernetes.Semver': (text: string) => read(text),
  'semver(string, bool): kubernetes.Semver': read,
  'isSemver(string): bool': (text: string) => parse(text) !== undefined,
  'isSemver(string, bool): bool': (text: string, normalize: boolean) =>
    parse(normalize ? normalized(text) : text) !== undefined,
  'kubernetes.Semver.major(): int': ({ numbers }: Semver) => numbers[0],
  'kubernetes.Semver.minor(): int': ({ numbers }: Semver) => numbers[1],
  'kubernetes.Semver.patch(): int': ({ numbers }: Semver) => numbers[2],
  'kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool': (a: Semver, b: Semver) => compare(a, b) > 0,
  'kubernetes.Semver.isLessThan(kubernetes.Semver): bool': (a: Semver, b: Semver) => compare(a, b) < 0,
  'kubernetes.Semver.compareTo(kubernetes.Semver): int': (a: Semver, b: Semver) => BigInt(compare(a, b)),
})
