// Bundles the tests of the pure parts so that `node --test` can run them without a TypeScript loader.
import { readdirSync } from 'node:fs'
import { defineConfig } from 'vite'

const tests = readdirSync('tests', { recursive: true }).map(String).filter((path) => path.endsWith('.test.ts'))

export default defineConfig({
  build: {
    ssr: true,
    outDir: 'build/tests',
    rolldownOptions: { input: tests.map((path) => `tests/${path}`) },
  },
})
