export * from './api-service.js'
