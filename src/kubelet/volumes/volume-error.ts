/** A volume that cannot be made ready; `message` is what the pod's FailedMount event quotes. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
}
