export * from './self-subject-rules-review.js'
export * from './subject-access-review.js'
