export { type GarbageCollector, type GarbageCollectorOptions, startGarbageCollector } from './garbage-collector.js'
