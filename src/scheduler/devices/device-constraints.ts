import type { DeviceConstraint } from '../../api/resource/v1/index.js'
import type { PooledDevice } from './device-pools.js'
import { attributeText } from './device-selection.js'

/** What holds for the devices of a claim together. */
export interface ConstraintCheck {
  /** False, and nothing changed, if the device does not go with those added before. */
  add(request: string, device: PooledDevice): boolean
  /** Takes the last `add` of the device back. */
  remove(request: string, device: PooledDevice): void
}

/** `request` is the name of a request, with that of the alternative after a slash. */
export function constraintCheck({
  requests = [],
  matchAttribute,
  distinctAttribute,
}: DeviceConstraint): ConstraintCheck {
  const name = matchAttribute ?? distinctAttribute ?? ''
  /** The values there are, by the number of devices that have them. */
  const values = new Map<string, number>()
  const concerns = (request: string) =>
    requests.length === 0 || requests.includes(request) || requests.includes(request.split('/')[0] ?? '')
  const attributeIn = ({ device, pool }: PooledDevice) => attributeText(pool.driver, device, name)
  return {
    add(request, pooled) {
      if (!concerns(request)) return true
      const value = attributeIn(pooled)
      if (value === undefined) return false
      const count = values.get(value) ?? 0
      if (matchAttribute === undefined ? count > 0 : values.size > 0 && count === 0) return false
      values.set(value, count + 1)
      return true
    },
    remove(request, pooled) {
      const value = concerns(request) ? attributeIn(pooled) : undefined
      if (value === undefined) return
      const count = (values.get(value) ?? 0) - 1
      if (count > 0) values.set(value, count)
      else values.delete(value)
    },
  }
}
