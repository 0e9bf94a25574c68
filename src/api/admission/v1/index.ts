export * from './admission-review.js'
