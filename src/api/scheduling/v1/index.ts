export * from './priority-class.js'
