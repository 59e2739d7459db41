"""What a patient hands in: photographs and reports. Judged by content, made anew or checked, kept with the record."""
