// A department in the page's language.
import { language } from './language'
import type { Department } from './wire'

export function departmentName(department: Department): string {
  return language.value === 'en' ? department.name_en || department.name : department.name
}
