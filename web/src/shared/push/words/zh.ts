// 本浏览器通知的中文。
import type { en } from './en'

export const zh: typeof en = {
  start: '用本浏览器的通知提醒我',
  offMeans: '锁屏时也能收到。要紧的事仍会同时发短信。',
  on: '本浏览器会提醒您。要紧的事仍会同时发短信。',
  stop: '不再在此浏览器提醒',
  unsupported: '此浏览器不能显示通知，我们用短信通知您。',
  refused: '此浏览器已拒绝本站的通知，我们用短信通知您。如需开启，请在浏览器的网站设置中允许。',
  unreachable: '此浏览器的通知服务没有回应，我们用短信通知您。',
}
