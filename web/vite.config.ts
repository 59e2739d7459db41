// Sixteen pages, each its own entry. The output is committed, so nothing here may depend on time or folder.
import { defineConfig } from 'vite'

const pages = ['sign-in', 'console', 'join', 'outbox', 'book', 'display', 'desk', 'roster', 'texts', 'account', 'devices', 'claim', 'quarantine', 'ca', 'insecure', 'not-found']

export default defineConfig({
  appType: 'mpa',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['es2020', 'chrome87', 'safari14'], // patients' phones are old
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: address
    modulePreload: { polyfill: false },
    rolldownOptions: { input: Object.fromEntries(pages.map((page) => [page, `${page}.html`])) },
  },
})
