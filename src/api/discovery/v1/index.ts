export * from './endpoint-slice.js'
