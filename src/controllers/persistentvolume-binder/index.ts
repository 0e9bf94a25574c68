export { claimBinder } from './claim-binder.js'
export { volumeBinder } from './volume-binder.js'
