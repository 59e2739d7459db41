"""What the law asks of an online visit: rules packs by region and version. Pure: facts in, named refusals out."""
