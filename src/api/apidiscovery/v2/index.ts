export * from './api-group-discovery.js'
