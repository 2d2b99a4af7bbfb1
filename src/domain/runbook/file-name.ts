/** What a runbook's file may be called; its name is the first group. */
export const runbookFilePattern = /^([a-z][a-z0-9-]*)\.(?:ya?ml|json)$/;
