export { type LmdbStoreOptions, lmdbStore } from './lmdb.js'
export { type MemoryStoreOptions, memoryStore } from './memory.js'
export * from './store.js'
export { StoreClosedError, StoreFailedError } from './store-failures.js'
