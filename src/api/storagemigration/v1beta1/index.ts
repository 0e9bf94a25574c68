export * from './storage-version-migration.js'
