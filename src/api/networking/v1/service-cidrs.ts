import { invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { cidr, parseCidr } from '../../../machinery/ip-address.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { statusApart } from '../../status-apart.js'
import { ServiceCIDR } from './service-cidr.js'

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

function validate({ spec: { cidrs = [] } }: ServiceCIDR): FieldError[] {
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidValue(at, cidrs, 'may only hold up to 2 values')]
  const families = new Set(cidrs.map(text => parseCidr(text)?.family))
  const errors =
    cidrs.length === 2 && families.size === 1
      ? [
          invalidValue(
            at,
            cidrs,
            'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
          ),
        ]
      : []
  return [...errors, ...cidrs.flatMap((text, i) => invalidValues(at.index(i), text, cidr(text, true)))]
}

/** A network that services live in stays; a second family may be added. */
function validateUpdate(now: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const cidrs = now.spec.cidrs ?? []
  const before = old.spec.cidrs ?? []
  if (cidrs.length < before.length || before.some((text, i) => text !== cidrs[i]))
    return [invalidValue(at.index(0), cidrs, 'field is immutable')]
  return cidrs.length > before.length ? validate(now) : []
}
