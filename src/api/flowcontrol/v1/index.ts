export * from './flow-schema.js'
export * from './priority-level-configuration.js'
