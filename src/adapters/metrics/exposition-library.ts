// A static import in a file of its own: a bundler that splits sees the names of a CommonJS package only so.
export { default as parseTextFormat } from 'parse-prometheus-text-format';
