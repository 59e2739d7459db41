// Whether this browser can do a video visit, and which one on this phone can. Pure: told the user agent and what is there.

export type Fitness = 'fit' | 'wechat' | 'in_app' | 'unfit'
export type Better = 'safari' | 'own_or_chrome' | 'chrome'
export interface Abilities {
  readonly camera: boolean
  readonly calls: boolean
}

const IN_APP = /QQ\/|Weibo|AlipayClient|DingTalk|baiduboxapp|NewsArticle|FBAN|FBAV|Instagram|Line\//

/** WeChat is named even where its camera works: it closes a page in the background, and the ring with it. */
export function fitness(agent: string, { camera, calls }: Abilities): Fitness {
  if (/MicroMessenger/i.test(agent)) return 'wechat'
  if (camera && calls) return 'fit'
  return IN_APP.test(agent) ? 'in_app' : 'unfit'
}

/** On an iPhone only Safari has the camera on every version that is still in use. */
export function betterBrowser(agent: string): Better {
  if (/iPhone|iPad|iPod/.test(agent)) return 'safari'
  return /Android|HarmonyOS/.test(agent) ? 'own_or_chrome' : 'chrome'
}

export function abilities(): Abilities {
  // old and insecure pages lack it, whatever the types say
  return { camera: Boolean((navigator as Partial<Navigator>).mediaDevices?.getUserMedia), calls: 'RTCPeerConnection' in window }
}
