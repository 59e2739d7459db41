// 两个说明页的中文。
import type { en } from './en'

export const zh: typeof en = {
  caTitle: '信任本院证书 · Bedside',
  caHeading: '信任本院证书',
  caWhy: '摄像头和麦克风只能在安全连接下使用。在本网络内，Bedside 使用自己的证书，每台设备需要信任一次。',
  caCare: '仅在本院或演示所用的设备上进行。之后可以在同一位置移除证书。',
  caDownload: '下载证书',
  caIos: 'iPhone 和 iPad',
  caIosSteps: (name) => [
    '用 Safari 打开本页，下载证书，允许下载描述文件。',
    '设置 → 通用 → VPN 与设备管理 → 选择描述文件 → 安装。',
    `设置 → 通用 → 关于本机 → 证书信任设置 → 打开 ${name}。`,
  ].join('\n'),
  caAndroid: 'Android',
  caAndroidSteps: '下载证书。\n设置 → 安全 → 更多安全设置 → 从存储设备安装（或：加密与凭据 → 安装证书）→ CA 证书。\n选择下载的文件并确认。',
  caWindows: 'Windows',
  caWindowsSteps: '下载并双击文件 → 安装证书 → 当前用户。\n选择“将所有的证书都放入下列存储” → 受信任的根证书颁发机构。\n完成后重新启动浏览器。',
  caMac: 'macOS',
  caMacSteps: '下载并双击文件，在“钥匙串访问”中打开。\n双击证书 → 信任 → “使用此证书时：始终信任”。\n重新启动浏览器。',
  caFirefox: '任何电脑上的 Firefox',
  caFirefoxSteps: '设置 → 隐私与安全 → 证书 → 查看证书 → 证书颁发机构 → 导入。\n选择文件，勾选“信任由此证书颁发机构来标识网站”。',
  insecureTitle: '需要安全连接 · Bedside',
  insecureHeading: '本页需要安全连接',
  insecureWhy: '您从另一台设备以普通 http 打开了 Bedside。浏览器只允许 https 页面使用摄像头和麦克风，健康数据也不应在网络中明文传输。',
  insecureOpen: '安全打开',
  insecureTrust: '如果浏览器随后提示证书问题，说明您的设备尚未信任本院的证书。',
  insecureHow: '如何信任',
}
