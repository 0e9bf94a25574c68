import { immutable, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { parseCidr, strictCidr } from '../../../machinery/ip-address.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { ServiceCIDR, ServiceCIDRSpec } from './service-cidr.js'

const at = root.child('spec', 'cidrs')

export const serviceCidrs: Resource<ServiceCIDR> = resource(ServiceCIDR, {
  columns: [
    nameColumn,
    textColumn('CIDRs', ({ spec }) => (spec.cidrs ?? []).join(','), { field: 'spec.cidrs' }),
    ageColumn,
  ],
  subresources: [statusView()],
  strategy: { ...statusApart(), validate, validateUpdate },
})

function validate({ spec }: ServiceCIDR): FieldError[] {
  const { cidrs = [] } = spec
  const wrong = (detail: string) => [invalidValue(at, shownInternally(ServiceCIDRSpec, spec), detail)]
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')]
  if (cidrs.length > 2) return wrong('may only hold up to 2 values')
  const families = new Set(cidrs.map(text => parseCidr(text)?.family))
  if (cidrs.length === 2 && (families.size === 1 || families.has(undefined)))
    return wrong('may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')
  return cidrs.flatMap((text, i) => invalidValues(at.index(i), text, strictCidr(text)))
}

/** A network that services live in stays; a second family may be added. */
function validateUpdate(now: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const cidrs = now.spec.cidrs ?? []
  const before = old.spec.cidrs ?? []
  if (cidrs.length < before.length) return [invalidValue(at, cidrs, immutable)]
  const changed = before.flatMap((text, i) =>
    text === cidrs[i] ? [] : [invalidValue(at.index(i), cidrs[i], immutable)],
  )
  return cidrs.length > before.length ? [...changed, ...validate(now)] : changed
}
