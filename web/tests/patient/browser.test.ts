// Old phones and WeChat are told which browser to use; a browser that works is left alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { betterBrowser, fitness } from '../../src/patient/browser'

const ALL = { camera: true, calls: true }
const NONE = { camera: false, calls: false }
const WECHAT = 'Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.40 NetType/WIFI'
const QQ = 'Mozilla/5.0 (Linux; Android 9; V1838A) AppleWebKit/537.36 Chrome/66.0 MQQBrowser/6.2 QQ/8.4.8'
const OLD_IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 13_3 like Mac OS X) AppleWebKit/605.1.15 CriOS/96.0 Mobile/15E148 Safari/604.1'
const CHROME = 'Mozilla/5.0 (Linux; Android 12; ELE-AL00) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36'

test('a browser with camera and calls is fit', () => assert.equal(fitness(CHROME, ALL), 'fit'))
test('WeChat is named with and without a camera', () => {
  assert.equal(fitness(WECHAT, NONE), 'wechat')
  assert.equal(fitness(WECHAT, ALL), 'wechat')
})
test('the browser inside another app is told apart from an old one', () => {
  assert.equal(fitness(QQ, NONE), 'in_app')
  assert.equal(fitness(OLD_IPHONE, NONE), 'unfit')
})
test('a camera without calls is not enough', () => assert.equal(fitness(CHROME, { camera: true, calls: false }), 'unfit'))
test('an iPhone is sent to Safari, an Android phone to its own browser or Chrome', () => {
  assert.equal(betterBrowser(OLD_IPHONE), 'safari')
  assert.equal(betterBrowser(QQ), 'own_or_chrome')
  assert.equal(betterBrowser('Mozilla/5.0 (Windows NT 6.1; Trident/7.0)'), 'chrome')
})
