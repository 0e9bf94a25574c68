/** A container that cannot be created as its pod asks: a ConfigMap is missing, it would run as root, ... */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Why the container waits, e.g. `CreateContainerConfigError`. */
  readonly reason: string

  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message)
    this.reason = reason
  }
}
