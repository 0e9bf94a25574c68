export { claimBinder } from './claim-binder.js'
export { type VolumeBinderOptions, volumeBinder } from './volume-binder.js'
