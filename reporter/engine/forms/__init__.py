"""SQL of warehouses, form by form."""
