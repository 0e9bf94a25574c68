export * from './event.js'
export * from './policy.js'
