import { type Cidr, cidrOf } from '../../machinery/ip-address.js'

/**
 * The networks of services that a text names: one, or one of each family with a comma between, that of the default
 * family first. Throws if it does not.
 */
export function serviceNetworks(text: string): readonly [Cidr, ...Cidr[]] {
  const [first, second, ...more] = text.split(',').map(part => cidrOf(part.trim()))
  if (!first || more.length > 0 || first.family === second?.family)
    throw new Error(`${text} is not one network of each family, such as 10.96.0.0/16,fd00:10:96::/112`)
  return second ? [first, second] : [first]
}
