import type { Clock } from '../../machinery/clock.js'
import type { Store } from '../../storage/store.js'
import type { AdmissionPlugin } from '../admission/admission.js'
import type { StoreFeed } from '../cache/store-feed.js'

/** What all registries of a server share. */
export interface RegistryHost {
  readonly store: Store
  readonly feed: StoreFeed
  readonly clock: Clock
  readonly admission: readonly AdmissionPlugin[]
  /** How long a watch without a timeout of its own lasts at least; half an hour by default. */
  readonly minimumWatchSeconds?: number | undefined
  /** Whether the value of a storage key would be encrypted otherwise today; nothing is encrypted when absent. */
  readonly isStale?: ((storageKey: string) => Promise<boolean>) | undefined
}
