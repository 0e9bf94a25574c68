export * from './runtime-class.js'
