import type { Secret } from '../../api/core/v1/index.js'
import type { EventType } from '../../client/events.js'
import type { Clock } from '../../machinery/clock.js'
import { goDuration } from '../go-duration.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { AuthConfig, Image, PodSandboxConfig } from '../runtime/cri-messages.js'
import { ImageNameError, isLatest, normalizeImageName } from '../runtime/image-names.js'
import { credentialsFor, parseDockerConfig, type RegistryCredential } from '../runtime/registry-credentials.js'
import { RuntimeError } from '../runtime/runtime-error.js'
import { Slots } from '../slots.js'
import { PullBackOff } from './pull-back-off.js'

/** An image that is not to be had; says why its container waits. */
export class ImageError extends Error {
  override readonly name = 'ImageError'

  constructor(
    readonly reason:
      | 'ErrImagePull'
      | 'ImagePullBackOff'
      | 'ErrImageNeverPull'
      | 'InvalidImageName'
      | 'ImageInspectError',
    message: string,
    /** When trying again makes sense, in milliseconds since the epoch; never by itself if undefined. */
    readonly retryAt?: number,
  ) {
    super(message)
  }
}

export interface ImageRequest {
  /** Whose back-off counts: the pod's uid. */
  readonly owner: string
  readonly image: string
  /** `Always`, `IfNotPresent` or `Never`; by the tag where absent. */
  readonly policy: string | undefined
  readonly secrets: readonly Secret[]
  readonly sandbox: PodSandboxConfig
  readonly record: (type: EventType, reason: string, message: string) => void
  readonly signal: AbortSignal
}

export interface PulledImage {
  /** What containers are created from. */
  readonly ref: string
  readonly image: Image
}

export interface ImagePullerOptions {
  readonly cri: Pick<CriClient, 'imageStatus' | 'pullImage'>
  readonly clock: Clock
  /** Pulls at the same time. */
  readonly parallel?: number
  /** The node's own registry credentials. */
  readonly credentials?: readonly RegistryCredential[]
}

/** Sees to it that the images of containers are on the node. */
export class ImagePuller {
  readonly #cri: ImagePullerOptions['cri']
  readonly #clock: Clock
  readonly #slots: Slots
  readonly #own: readonly RegistryCredential[]
  readonly #backOff = new PullBackOff()
  /** Pulls of anonymous images under way: pods that start together share one. */
  readonly #shared = new Map<string, Promise<void>>()

  constructor({ cri, clock, parallel = 5, credentials = [] }: ImagePullerOptions) {
    this.#cri = cri
    this.#clock = clock
    this.#slots = new Slots(parallel)
    this.#own = credentials
  }

  /** Throws `ImageError`, or what the runtime answers when it is down. */
  async ensure(request: ImageRequest): Promise<PulledImage> {
    const { image, record, signal } = request
    checkName(image, record)
    const policy = request.policy || (isLatest(image) ? 'Always' : 'IfNotPresent')
    const present = await this.#find(image, signal)
    if (present && policy !== 'Always') {
      record('Normal', 'Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`)
      return present
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`
      record('Warning', 'ErrImageNeverPull', message)
      throw new ImageError('ErrImageNeverPull', message)
    }
    return this.#pull(request)
  }

  /** Forgets what is too old to matter. */
  sweep(): void {
    this.#backOff.sweep(this.#clock.now())
  }

  async #find(name: string, signal: AbortSignal): Promise<PulledImage | undefined> {
    const { image } = await this.#cri.imageStatus({ image: { image: name } }, { signal })
    return image ? { ref: image.id, image } : undefined
  }

  async #pull(request: ImageRequest): Promise<PulledImage> {
    const { image, owner, record, signal } = request
    const key = `${owner}/${image}`
    const waiting = this.#backOff.waiting(key, this.#clock.now())
    if (waiting) {
      record('Normal', 'BackOff', `Back-off pulling image "${image}"`)
      const message = `Back-off pulling image "${image}": ErrImagePull: ${waiting.error}`
      throw new ImageError('ImagePullBackOff', message, waiting.until)
    }
    record('Normal', 'Pulling', `Pulling image "${image}"`)
    const asked = this.#clock.now()
    try {
      const began = await this.#fetch(request)
      const found = await this.#find(image, signal)
      if (!found) throw new Error(`image "${image}" was pulled, but the runtime does not find it`)
      this.#backOff.succeeded(key)
      const now = this.#clock.now()
      record(
        'Normal',
        'Pulled',
        `Successfully pulled image "${image}" in ${goDuration(now - began)} (${goDuration(now - asked)} including waiting). Image size: ${found.image.size} bytes.`,
      )
      return found
    } catch (error) {
      signal.throwIfAborted()
      const text =
        error instanceof RuntimeError ? error.description : error instanceof Error ? error.message : `${error}`
      record('Warning', 'Failed', `Failed to pull image "${image}": ${text}`)
      const { until } = this.#backOff.failed(key, text, this.#clock.now())
      throw new ImageError('ErrImagePull', text, until)
    }
  }

  /** Answers when the pull itself began, in milliseconds since the epoch. */
  async #fetch(request: ImageRequest): Promise<number> {
    const { image, sandbox, secrets, signal } = request
    const credentials = credentialsFor(image, [...secretCredentials(secrets, request.record), ...this.#own])
    let began = this.#clock.now()
    const pull = (auth: AuthConfig | undefined, abort?: AbortSignal) =>
      this.#slots.run(async () => {
        began = this.#clock.now()
        await this.#cri.pullImage(
          { image: { image }, sandboxConfig: sandbox, ...(auth ? { auth } : {}) },
          abort ? { signal: abort } : {},
        )
      }, abort)
    if (credentials.length === 0) {
      await abortable(
        this.#together(image, () => pull(undefined)),
        signal,
      )
      return began
    }
    const failures: unknown[] = []
    for (const auth of credentials)
      try {
        await pull(auth, signal)
        return began
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    throw failures.at(-1)
  }

  #together(image: string, pull: () => Promise<void>): Promise<void> {
    const running = this.#shared.get(image)
    if (running) return running
    const started = pull().finally(() => this.#shared.delete(image))
    this.#shared.set(image, started)
    return started
  }
}

/** Throws `ImageError` for what is no image name. */
function checkName(image: string, record: ImageRequest['record']): void {
  try {
    normalizeImageName(image)
  } catch (error) {
    if (!(error instanceof ImageNameError)) throw error
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${error.message}`
    record('Warning', 'InspectFailed', message)
    throw new ImageError('InvalidImageName', message)
  }
}

function secretCredentials(secrets: readonly Secret[], record: ImageRequest['record']): readonly RegistryCredential[] {
  return secrets.flatMap(({ type, data = {}, metadata }) => {
    const key = type === 'kubernetes.io/dockercfg' ? '.dockercfg' : '.dockerconfigjson'
    const content = data[key]
    if (content === undefined) return []
    try {
      return parseDockerConfig(Buffer.from(content, 'base64').toString('utf8'))
    } catch (error) {
      record(
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `Unable to use image pull secret ${metadata.name}: ${error instanceof Error ? error.message : error}`,
      )
      return []
    }
  })
}

/** Stops waiting, but not the work, when the signal aborts: others wait for the same. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
