export * from './self-subject-review.js'
export * from './token-request.js'
export * from './token-review.js'
export * from './user-info.js'
