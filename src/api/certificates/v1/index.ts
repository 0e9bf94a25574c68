export * from './certificate-signing-request.js'
