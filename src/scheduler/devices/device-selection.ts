import { compileDeviceExpression } from '../../api/resource/v1/device-expressions.js'
import type { Device, DeviceAttribute, DeviceSelector } from '../../api/resource/v1/index.js'
import { type CelValue, celQuantity, celSemver, EntryMap, MapValue, type Program } from '../../machinery/cel/index.js'
import { messageOf } from '../../machinery/message-of.js'

/** What upstream lets one expression cost. */
const costLimit = 1_000_000
/** Expressions that are kept compiled. */
const mostPrograms = 1000

const programs = new Map<string, Program>()

function programOf(expression: string): Program {
  let program = programs.get(expression)
  if (program) return program
  program = compileDeviceExpression(expression)
  if (programs.size >= mostPrograms) programs.delete(programs.keys().next().value ?? '')
  programs.set(expression, program)
  return program
}

/** Devices never change, so neither does what an expression says of them. */
const verdicts = new WeakMap<Device, Map<string, boolean>>()

/**
 * Whether a driver's device meets all selectors. Throws an error that names the selector at fault, `of` being who has it.
 */
export function selects(
  selectors: readonly DeviceSelector[] | undefined,
  driver: string,
  device: Device,
  of: string,
): boolean {
  return (selectors ?? []).every(({ cel }, i) => {
    if (!cel) throw new Error(`${of}: selector #${i} is of a kind that is not known: only cel is`)
    try {
      return meets(cel.expression, driver, device)
    } catch (error) {
      throw new Error(`${of}: selector #${i}: CEL runtime error: ${messageOf(error)}`, { cause: error })
    }
  })
}

function meets(expression: string, driver: string, device: Device): boolean {
  let known = verdicts.get(device)
  if (!known) verdicts.set(device, (known = new Map()))
  const key = `${driver} ${expression}`
  let verdict = known.get(key)
  if (verdict === undefined) {
    const { value } = programOf(expression).evaluate({ device: shownTo(driver, device) }, { costLimit })
    if (typeof value !== 'boolean') throw new Error('the expression does not say true or false')
    known.set(key, (verdict = value))
  }
  return verdict
}

const shownTo = (driver: string, device: Device) => ({
  driver,
  allowMultipleAllocations: device.allowMultipleAllocations ?? false,
  attributes: byDomain(driver, device.attributes ?? {}, attributeValue),
  capacity: byDomain(driver, device.capacity ?? {}, ({ value }) => celQuantity(value)),
})

function attributeValue({ int, bool, string, version }: DeviceAttribute): CelValue {
  if (int !== undefined) return BigInt(int)
  if (version !== undefined) return celSemver(version)
  return bool ?? string ?? null
}

/** Names without a domain are in the driver's own; a domain that has none is empty rather than missing. */
class Domains extends MapValue {
  readonly #domains = new EntryMap()

  get size(): number {
    return this.#domains.size
  }

  add(domain: string, name: string, value: CelValue): void {
    const known = this.#domains.get(domain)
    if (known instanceof EntryMap) known.set(name, value)
    else this.#domains.set(domain, new EntryMap([[name, value]]))
  }

  get(domain: CelValue): CelValue | undefined {
    return this.#domains.get(domain) ?? new EntryMap()
  }

  keys(): Iterable<CelValue> {
    return this.#domains.keys()
  }
}

function byDomain<T>(driver: string, named: { readonly [name: string]: T }, value: (each: T) => CelValue): Domains {
  const domains = new Domains()
  for (const [name, each] of Object.entries(named)) {
    const slash = name.indexOf('/')
    domains.add(slash < 0 ? driver : name.slice(0, slash), name.slice(slash + 1), value(each))
  }
  return domains
}

/** What a device has under a full name, as text; undefined if nothing. */
export function attributeText(driver: string, { attributes = {} }: Device, name: string): string | undefined {
  const found =
    attributes[name] ?? (name.startsWith(`${driver}/`) ? attributes[name.slice(driver.length + 1)] : undefined)
  return found && JSON.stringify(found)
}
