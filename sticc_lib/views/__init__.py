"""Views: figures with controls. They widen figures by widgets, and do nothing else."""
