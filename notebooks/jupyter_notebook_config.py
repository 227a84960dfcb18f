# Notebooks are saved without what they showed: a figure, a path or a secret cannot be committed with them, and a
# diff shows what somebody wrote. The page that is open keeps its outputs.


def without_outputs(model, **_):
    if model["type"] != "notebook":
        return
    # The JDK that ran it, which changes from one machine to the next.
    model["content"]["metadata"].get("language_info", {}).pop("version", None)
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None


c.FileContentsManager.pre_save_hook = without_outputs  # noqa: F821 (Jupyter defines c)
