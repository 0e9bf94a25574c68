export * from './cron-job.js'
export * from './job.js'
