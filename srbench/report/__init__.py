"""What is shown of a results folder: a page, tables for papers, exports."""
